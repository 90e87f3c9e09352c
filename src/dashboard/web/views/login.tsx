import { signal } from "@preact/signals";
import { logIn, Refusal } from "../api.ts";
import { visitor } from "../visitor.ts";

const failure = signal("");

/** What is shown to whoever has no session. */
export function LogIn() {
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get("token") ?? "");
    try {
      visitor.value = await logIn(token);
      failure.value = "";
    } catch (error) {
      failure.value = error instanceof Refusal ? error.message : "This manager's daemon cannot be reached.";
    }
  };
  return (
    <main class="login">
      <form class="card" onSubmit={submit}>
        <img src="/shoal.svg" alt="" width="48" height="48" />
        <h1>Shoal</h1>
        <p>
          Log in with a token. On a manager, this makes one: <code>shoal dashboard token</code>
        </p>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" required spellcheck={false} />
        </label>
        {failure.value && (
          <p class="failure" role="alert">
            {failure.value}
          </p>
        )}
        <button type="submit" class="primary">
          Log in
        </button>
      </form>
    </main>
  );
}
