const encoder = new TextEncoder();

/** Which of the 16,384 slots of a cluster a key without braces belongs to: CRC-16 (XMODEM), as Redis' specification says. */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of encoder.encode(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc & 0x3fff;
}
