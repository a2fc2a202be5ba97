import { defineConfig } from "drizzle-kit";

export default defineConfig({ dialect: "sqlite", schema: "./db/schema/libsql.ts", out: "./db/migrations/libsql" });
