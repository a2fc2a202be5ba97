/** The `meta` of one page of a list. */
export function pageMeta({ page, per_page }: { page: number; per_page: number }, total: number) {
  return { page, per_page, total, has_more: page * per_page < total };
}
