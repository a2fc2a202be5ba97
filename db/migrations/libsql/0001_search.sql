CREATE TABLE `search_changes` (
	`key` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`message_key` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `search_progress` (
	`key` integer PRIMARY KEY NOT NULL,
	`indexed_key` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO `search_progress` VALUES (1, 0);
--> statement-breakpoint
-- By hand: Drizzle knows no virtual tables. `ascii` splits at ASCII marks alone, so that tokens stay as they were made.
CREATE VIRTUAL TABLE `message_search` USING fts5(
	`tokens`, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars ':~'"
);
