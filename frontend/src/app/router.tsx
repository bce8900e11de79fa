import { createBrowserRouter } from "react-router";
import { RegisterPage } from "../pages/RegisterPage";
import { SignInPage } from "../pages/SignInPage";
import { CrashPage, NotFoundPage } from "./CrashPage";
import { PageSkeleton } from "./PageSkeleton";
import { LivePages, RequireSession, WelcomeVisitors } from "./RequireSession";

/** The pages; those behind the sign-in are chunks of their own. */
export const router = createBrowserRouter([
  {
    errorElement: <CrashPage />,
    hydrateFallbackElement: <PageSkeleton />,
    children: [
      { path: "/login", element: <SignInPage /> },
      { path: "/register", element: <RegisterPage /> },
      {
        element: <LivePages />,
        children: [
          {
            element: <RequireSession />,
            children: [
              {
                path: "/",
                lazy: async () => ({
                  Component: (await import("../pages/DocumentsPage")).DocumentsPage,
                }),
              },
              {
                path: "/trash",
                lazy: async () => ({ Component: (await import("../pages/TrashPage")).TrashPage }),
              },
            ],
          },
          {
            element: <WelcomeVisitors />,
            children: [
              {
                path: "/documents/:id",
                lazy: async () => ({
                  Component: (await import("../document/DocumentRoute")).DocumentRoute,
                }),
              },
              {
                path: "/invitations/:token",
                lazy: async () => ({
                  Component: (await import("../pages/InvitationPage")).InvitationPage,
                }),
              },
            ],
          },
        ],
      },
      { path: "*", element: <NotFoundPage /> },
    ],
  },
]);
