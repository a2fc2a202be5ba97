CREATE TABLE `members` (
	`room_key` integer NOT NULL,
	`user_key` integer NOT NULL,
	`role` text NOT NULL,
	`is_active` integer NOT NULL,
	`read_seq` integer NOT NULL,
	`delivered_seq` integer NOT NULL,
	`muted_until` integer,
	`rev` integer NOT NULL,
	`joined_at` integer NOT NULL,
	PRIMARY KEY(`room_key`, `user_key`),
	FOREIGN KEY (`room_key`) REFERENCES `rooms`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `members_user_key` ON `members` (`user_key`,`is_active`);--> statement-breakpoint
CREATE INDEX `members_room_rev` ON `members` (`room_key`,`rev`);--> statement-breakpoint
CREATE TABLE `messages` (
	`key` integer PRIMARY KEY NOT NULL,
	`id` text NOT NULL,
	`room_key` integer NOT NULL,
	`seq` integer NOT NULL,
	`sender_key` integer NOT NULL,
	`client_id` text,
	`body_hash` integer,
	`type` text NOT NULL,
	`content` text NOT NULL,
	`system` text,
	`reply_to_id` text,
	`created_at` integer NOT NULL,
	`sent_rev` integer NOT NULL,
	`changed_rev` integer,
	`edited_at` integer,
	`deleted_at` integer,
	`recalled_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `messages_id` ON `messages` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `messages_room_seq` ON `messages` (`room_key`,`seq`);--> statement-breakpoint
CREATE UNIQUE INDEX `messages_client_id` ON `messages` (`client_id`,`sender_key`);--> statement-breakpoint
CREATE INDEX `messages_changed` ON `messages` (`room_key`,`changed_rev`) WHERE changed_rev IS NOT NULL;--> statement-breakpoint
CREATE TABLE `one_time_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`user_key` integer,
	`session_id` text,
	`email` text,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `one_time_tokens_expires_at` ON `one_time_tokens` (`expires_at`);--> statement-breakpoint
CREATE INDEX `one_time_tokens_user_key` ON `one_time_tokens` (`user_key`);--> statement-breakpoint
CREATE TABLE `registration_invites` (
	`code` text PRIMARY KEY NOT NULL,
	`created_by_key` integer,
	`max_uses` integer,
	`uses` integer NOT NULL,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	FOREIGN KEY (`created_by_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `revocations` (
	`key` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` text NOT NULL,
	`session_id` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `revocations_created_at` ON `revocations` (`created_at`);--> statement-breakpoint
CREATE TABLE `rooms` (
	`key` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`is_lobby` integer NOT NULL,
	`name` text NOT NULL,
	`name_lower` text NOT NULL,
	`description` text NOT NULL,
	`avatar_url` text,
	`owner_key` integer,
	`created_by_key` integer,
	`max_members` integer,
	`slow_mode_s` integer NOT NULL,
	`member_count` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`rev` integer NOT NULL,
	`settings_rev` integer NOT NULL,
	`created_at` integer NOT NULL,
	`deleted_at` integer,
	FOREIGN KEY (`owner_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`created_by_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rooms_id` ON `rooms` (`id`);--> statement-breakpoint
CREATE INDEX `rooms_type_name` ON `rooms` (`type`,`name_lower`);--> statement-breakpoint
CREATE INDEX `rooms_deleted_at` ON `rooms` (`deleted_at`) WHERE deleted_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_key` integer NOT NULL,
	`device_name` text NOT NULL,
	`ip` text NOT NULL,
	`generation` integer NOT NULL,
	`rotated_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_key`) REFERENCES `users`(`key`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `sessions_user_key` ON `sessions` (`user_key`);--> statement-breakpoint
CREATE INDEX `sessions_expires_at` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `settings` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `users` (
	`key` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`username` text NOT NULL,
	`username_lower` text NOT NULL,
	`username_skeleton` text NOT NULL,
	`display_name` text NOT NULL,
	`display_name_lower` text NOT NULL,
	`email` text,
	`email_verified` integer NOT NULL,
	`password_hash` text NOT NULL,
	`role` text NOT NULL,
	`avatar_url` text,
	`bio` text NOT NULL,
	`status_text` text NOT NULL,
	`gender` text,
	`privacy` text NOT NULL,
	`lobby_from_seq` integer NOT NULL,
	`disabled_at` integer,
	`deleted_at` integer,
	`created_at` integer NOT NULL,
	`last_login_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_id` ON `users` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_skeleton` ON `users` (`username_skeleton`);--> statement-breakpoint
CREATE INDEX `users_username_lower` ON `users` (`username_lower`);--> statement-breakpoint
CREATE INDEX `users_display_name_lower` ON `users` (`display_name_lower`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_email` ON `users` (`email`);