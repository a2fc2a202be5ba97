/** What a client of a peer without accounts says. */
export interface Sent {
  room_id: string;
  content: string;
  temp_id: string;
}

export interface Sender {
  id: string;
  name: string;
}

/** An ack and a message with the fields of Parley's, so that all peers in JSON send as many bytes. */
export function record(sent: Sent, seq: number, id: string, { id: senderId, name }: Sender) {
  const { room_id, content, temp_id } = sent;
  const created_at = new Date().toISOString();
  return {
    ack: { temp_id, id, room_id, seq, rev: seq, created_at },
    message: {
      id,
      room_id,
      seq,
      rev: seq,
      sender: { id: senderId, username: name, display_name: name, avatar_url: null },
      content,
      type: "text",
      reply_to: null,
      files: [],
      reactions: [],
      mentions: [],
      created_at,
      is_edited: false,
      edited_at: null,
      is_deleted: false,
      is_recalled: false,
      temp_id,
    },
  };
}

const seqs = new Map<string, number>();

/** The next number of a room. */
export function nextSeq(roomId: string): number {
  const seq = (seqs.get(roomId) ?? 0) + 1;
  seqs.set(roomId, seq);
  return seq;
}
