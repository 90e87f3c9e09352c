import { signal } from "@preact/signals";
import { logIn, Refusal } from "../api.ts";
import { sentence } from "../model/text.ts";
import { Command } from "../parts/command.tsx";
import { door, turnAway } from "../visitor.ts";

const failure = signal("");

/** What is shown to whoever has no session. */
export function LogIn() {
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get("token") ?? "");
    try {
      door.value = { at: "inside", visitor: await logIn(token) };
      failure.value = "";
    } catch (error) {
      if (error instanceof Refusal && error.status !== 401 && turnAway(error)) return;
      failure.value = error instanceof Refusal ? error.message : "This manager's daemon cannot be reached.";
    }
  };
  const isOver = door.value.at === "outside" && door.value.wasInside;
  return (
    <main class="login">
      <form class="card" onSubmit={submit}>
        <img src="/shoal.svg" alt="" width="48" height="48" />
        <h1>Shoal</h1>
        {isOver && <p role="status">Your session is over: its token's time has run out, or tokens were changed.</p>}
        <p>
          Log in with a token{isOver && ", and you are back where you were"}. On a manager, this makes one:{" "}
          <Command>shoal dashboard token</Command>
        </p>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" required spellcheck={false} />
        </label>
        {failure.value && (
          <p class="failure" role="alert">
            {sentence(failure.value)}
          </p>
        )}
        <button type="submit" class="primary">
          Log in
        </button>
      </form>
    </main>
  );
}
