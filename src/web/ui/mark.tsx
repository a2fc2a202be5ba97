/** The product's mark; decoration. */
export function Mark({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect width="64" height="64" rx="15" fill="#07C160" />
      <path
        fill="#fff"
        d="M32 13c-11.6 0-21 7.7-21 17.3 0 5.4 3 10.2 7.7 13.4l-2.200 6.500c-.3.9.6 1.700 1.400 1.200l7.300-4.300c2.200.5 4.400.7 6.800.7 11.600 0 21-7.800 21-17.500S43.600 13 32 13z"
      />
      <g fill="#07C160">
        <circle cx="23" cy="30.500" r="3.200" />
        <circle cx="32" cy="30.500" r="3.200" />
        <circle cx="41" cy="30.500" r="3.200" />
      </g>
    </svg>
  );
}
