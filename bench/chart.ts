/** Lines over a common x axis. */
export interface Chart {
  title: string;
  xTitle: string;
  yTitle: string;
  yScale: "linear" | "logarithmic";
  series: { name: string; points: [x: number, y: number][] }[];
}
