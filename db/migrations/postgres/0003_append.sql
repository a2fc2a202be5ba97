-- The write lane's transaction as one statement, so that a batch costs one round trip and holds its rooms' locks no longer
-- than Postgres needs. Each statement in here has a snapshot of its own, younger than the locks: the insert reads what the
-- bump wrote. Rows are JSON as the lane has them; `back` counts a row's place from its room's last one.
-- A later form gets another name: nodes of two versions may run side by side.
CREATE FUNCTION append_messages_1(locks int[], bumps json, batch json)
RETURNS TABLE (key bigint, last_seq bigint, rev bigint) LANGUAGE plpgsql
-- Postgres takes JSON for a hundred rows, for which it would rather read all rooms than look each up.
SET enable_seqscan = off AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(5061727, lock) FROM unnest(locks) AS lock;
  RETURN QUERY
    UPDATE rooms SET last_seq = rooms.last_seq + b.n, rev = rooms.rev + b.n
    FROM json_to_recordset(bumps) AS b(key bigint, n bigint)
    WHERE rooms.key = b.key AND rooms.deleted_at IS NULL
    RETURNING rooms.key, rooms.last_seq, rooms.rev;
  INSERT INTO messages
    (id, room_key, seq, sender_key, client_id, body_hash, type, content, reply_to_id, created_at, sent_rev, mentions)
  SELECT m.id, m.room_key, r.last_seq - m.back, m.sender_key, m.client_id, m.body_hash, m.type, m.content,
    m.reply_to_id, m.created_at, r.rev - m.back, m.mentions
  FROM json_to_recordset(batch) AS m(id text, room_key bigint, sender_key bigint, client_id text, body_hash bigint,
    type text, content text, reply_to_id text, created_at bigint, mentions text, back bigint)
  JOIN rooms r ON r.key = m.room_key AND r.deleted_at IS NULL
  ORDER BY m.room_key, m.back DESC;
END $$;
