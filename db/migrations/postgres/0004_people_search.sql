-- Names by their bytes: what begins with some letters is a range there, whatever language the database orders text by.
CREATE INDEX "users_username_prefix" ON "users" USING btree ("username_lower" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "users_display_name_prefix" ON "users" USING btree ("display_name_lower" text_pattern_ops);
