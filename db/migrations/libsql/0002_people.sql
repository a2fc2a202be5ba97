CREATE TABLE `bans` (
	`room_key` integer NOT NULL,
	`user_key` integer NOT NULL,
	`by_key` integer NOT NULL,
	`reason` text NOT NULL,
	`until` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`room_key`, `user_key`),
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`by_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `blocks` (
	`user_key` integer NOT NULL,
	`blocked_key` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_key`, `blocked_key`),
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`blocked_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `blocks_blocked_key` ON `blocks` (`blocked_key`);--> statement-breakpoint
CREATE TABLE `cursor_moves` (
	`room_key` integer NOT NULL,
	`user_key` integer NOT NULL,
	`kind` text NOT NULL,
	`seq` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`room_key`, `user_key`, `kind`, `seq`),
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `friend_requests` (
	`id` text PRIMARY KEY NOT NULL,
	`from_key` integer NOT NULL,
	`to_key` integer NOT NULL,
	`message` text NOT NULL,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`from_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`to_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `friend_requests_pair` ON `friend_requests` (`from_key`,`to_key`);--> statement-breakpoint
CREATE INDEX `friend_requests_to_key` ON `friend_requests` (`to_key`);--> statement-breakpoint
CREATE TABLE `friendships` (
	`user_key` integer NOT NULL,
	`friend_key` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_key`, `friend_key`),
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`friend_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `hidden_messages` (
	`user_key` integer NOT NULL,
	`room_key` integer NOT NULL,
	`seq` integer NOT NULL,
	`message_key` integer NOT NULL,
	`rev` integer NOT NULL,
	PRIMARY KEY(`user_key`, `room_key`, `seq`),
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `message_purges` (
	`room_key` integer NOT NULL,
	`user_key` integer NOT NULL,
	`upto_seq` integer NOT NULL,
	PRIMARY KEY(`room_key`, `user_key`),
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `message_versions` (
	`key` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`message_key` integer NOT NULL,
	`content` text NOT NULL,
	`replaced_at` integer NOT NULL,
	FOREIGN KEY (`message_key`) REFERENCES `messages`(`key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `message_versions_message_key` ON `message_versions` (`message_key`);--> statement-breakpoint
CREATE TABLE `notification_progress` (
	`key` integer PRIMARY KEY NOT NULL,
	`noted_key` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `notifications` (
	`key` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`user_key` integer NOT NULL,
	`kind` text NOT NULL,
	`actor_key` integer,
	`room_key` integer,
	`message_id` text,
	`seq` integer,
	`text` text NOT NULL,
	`source` text NOT NULL,
	`created_at` integer NOT NULL,
	`read_at` integer,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`actor_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notifications_id` ON `notifications` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `notifications_source` ON `notifications` (`user_key`,`source`);--> statement-breakpoint
CREATE INDEX `notifications_message_id` ON `notifications` (`message_id`);--> statement-breakpoint
CREATE INDEX `notifications_user` ON `notifications` (`user_key`,`key`);--> statement-breakpoint
CREATE INDEX `notifications_room` ON `notifications` (`room_key`);--> statement-breakpoint
CREATE INDEX `notifications_unread` ON `notifications` (`user_key`,`room_key`) WHERE read_at IS NULL;--> statement-breakpoint
CREATE TABLE `pins` (
	`room_key` integer NOT NULL,
	`message_key` integer NOT NULL,
	`pinned_by_key` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`room_key`, `message_key`),
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`message_key`) REFERENCES `messages`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`pinned_by_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `pins_message_key` ON `pins` (`message_key`);--> statement-breakpoint
CREATE TABLE `reactions` (
	`message_key` integer NOT NULL,
	`user_key` integer NOT NULL,
	`emoji` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`message_key`, `user_key`, `emoji`),
	FOREIGN KEY (`message_key`) REFERENCES `messages`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `room_invites` (
	`code` text PRIMARY KEY NOT NULL,
	`room_key` integer NOT NULL,
	`created_by_key` integer NOT NULL,
	`max_uses` integer,
	`uses` integer NOT NULL,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`created_by_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `room_invites_room_key` ON `room_invites` (`room_key`);--> statement-breakpoint
ALTER TABLE `members` ADD `notify_level` text DEFAULT 'all' NOT NULL;--> statement-breakpoint
ALTER TABLE `members` ADD `cleared_seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `members_cleared` ON `members` (`user_key`) WHERE cleared_seq > 0;--> statement-breakpoint
CREATE INDEX `members_muted` ON `members` (`room_key`) WHERE muted_until IS NOT NULL;--> statement-breakpoint
ALTER TABLE `messages` ADD `mentions` text;--> statement-breakpoint
ALTER TABLE `messages` ADD `reactions` text;--> statement-breakpoint
CREATE INDEX `messages_mentions` ON `messages` (`room_key`,`seq`) WHERE mentions IS NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `pins_rev` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `rooms` ADD `direct_pair` text;--> statement-breakpoint
CREATE UNIQUE INDEX `rooms_direct_pair` ON `rooms` (`direct_pair`);--> statement-breakpoint
ALTER TABLE `users` ADD `chosen_status` text DEFAULT 'online' NOT NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `last_seen_at` integer;