import { Center, Loader } from "@mantine/core";

/** Between two pages. Appears late, for most waits are too short to be worth a picture. */
export function PageSkeleton() {
  return (
    <Center h="60vh" aria-busy="true">
      <Loader size="sm" type="dots" aria-label="Loading" />
    </Center>
  );
}
