import type { UseFormReturnType } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearchParams } from "react-router";
import { ApiError } from "../api/http";
import { meQuery } from "../api/session";
import type { Person } from "../api/types";
import { dropCopiesExcept } from "../local-copy/local-copy";

/** Where to go after signing in: a path of ours, never another site's address. */
export function safeNext(next: string | null): string {
  if (next === null || !/^\/(?![/\\])/.test(next)) {
    return "/";
  }
  return next;
}

/** Signs somebody in with `enter`, shows its errors at the form's fields, and moves on. */
export function useEntry<T extends object>(
  form: UseFormReturnType<T>,
  enter: (values: T) => Promise<Person>,
) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [parameters] = useSearchParams();
  const next = safeNext(parameters.get("next"));
  const mutation = useMutation({
    mutationFn: enter,
    onSuccess: async (me) => {
      client.clear();
      client.setQueryData(meQuery.queryKey, me);
      await dropCopiesExcept(me.username);
      navigate(next, { replace: true });
    },
    onError: (error) => {
      if (error instanceof ApiError) {
        const known = Object.entries(error.fields).filter(([field]) => field in form.getValues());
        form.setErrors(Object.fromEntries(known.map(([field, texts]) => [field, texts.join(" ")])));
      }
    },
  });
  const { error } = mutation;
  const hasFieldErrors =
    error instanceof ApiError &&
    Object.keys(error.fields).some((field) => field in form.getValues());
  return {
    submit: form.onSubmit((values) => mutation.mutate(values)),
    isPending: mutation.isPending,
    /** What is wrong with no field in particular. */
    message: error === null || hasFieldErrors ? null : error.message,
    /** The other form, with the way back kept. */
    search: next === "/" ? "" : `?next=${encodeURIComponent(next)}`,
  };
}
