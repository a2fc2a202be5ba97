# The binary on a system without a shell, as a user without rights. Build the binary first:
#
#   bun run build && docker build -t parley .
#   docker run -p 3000:3000 -v parley:/data parley
#
# For arm64: bun run build --target linux-arm64 --outfile dist/parley
FROM gcr.io/distroless/cc-debian12:nonroot

COPY --chmod=755 dist/parley /usr/local/bin/parley
# An empty folder that belongs to the user: there is no mkdir here, and a new volume takes after the image's folder.
COPY --from=gcr.io/distroless/cc-debian12:nonroot --chown=nonroot:nonroot /home/nonroot /data

# Bun obeys the last two even inside a compiled binary; empty, they do nothing.
ENV HOST=0.0.0.0 PORT=3000 DATA_DIR=/data BUN_OPTIONS= BUN_BE_BUN=

VOLUME ["/data"]
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s --retries=3 CMD ["/usr/local/bin/parley", "doctor", "--health"]
ENTRYPOINT ["/usr/local/bin/parley"]
CMD ["serve"]
