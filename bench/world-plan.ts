/** People in rooms of one size, each person in as many. */
export interface WorldPlan {
  people: number;
  roomSize: number;
  roomsEach: number;
}

/** Strides that mix people differently in each of their rooms. */
const strides = [1, 7, 11, 13, 17, 19, 23, 29];

/** The rooms of the person with this index; in the first one neighbours sit together. */
export function roomsOf({ people, roomSize, roomsEach }: WorldPlan, index: number): number[] {
  const perLayer = Math.ceil(people / roomSize);
  return Array.from({ length: roomsEach }, (_, layer) => {
    const stride = strides[layer % strides.length] ?? 1;
    const place = (index * stride) % people;
    return layer * perLayer + Math.floor(place / roomSize);
  });
}
