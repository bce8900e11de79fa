import { Skeleton } from "@mantine/core";
import classes from "./DocumentPage.module.css";

/** The outline of a document, until there is one. */
export function ContentSkeleton() {
  return (
    <div
      className={classes.skeleton}
      role="status"
      aria-busy="true"
      aria-label="Opening the document"
    >
      <Skeleton width="45%" height={28} mb={28} />
      {["96%", "91%", "98%", "64%"].map((width) => (
        <Skeleton key={width} width={width} height={13} mb={14} />
      ))}
      {["94%", "88%", "40%"].map((width) => (
        <Skeleton key={width} width={width} height={13} mb={14} mt={4} />
      ))}
    </div>
  );
}

export function DocumentSkeleton() {
  return (
    <>
      <div className={classes.header} />
      <ContentSkeleton />
    </>
  );
}
