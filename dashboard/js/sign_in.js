/**
 * Signing in at the user pool: authorization code grant with PKCE, tokens for as long as the tab lives.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
 */

const TOKENS = "tokens";
const ATTEMPT = "sign-in-attempt";
const SPARE_MS = 60_000;

const page = () => `${location.origin}${location.pathname}`;

function random(bytes) {
  return base64Url(crypto.getRandomValues(new Uint8Array(bytes)));
}

function base64Url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export class SignInError extends Error {}

export class SignIn {
  /** @param {{signInUrl: string, clientId: string}} config */
  constructor(config) {
    this.config = config;
  }

  /** Comes back signed in, or leaves the page for the pool's, which comes back here. */
  async start() {
    const fields = new URLSearchParams(location.search);
    if (fields.has("code") || fields.has("error")) await this.#comeBack(fields);
    await this.token();
  }

  /** A token that is good for a while yet. */
  async token() {
    const tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");
    if (tokens !== null && tokens.expires - SPARE_MS > Date.now()) return tokens.id;
    if (tokens?.refresh && (await this.#renew(tokens.refresh))) return this.token();
    return this.leave();
  }

  /** The API has refused the token: another one is needed. */
  expire() {
    const tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "{}");
    sessionStorage.setItem(TOKENS, JSON.stringify({ ...tokens, expires: 0 }));
  }

  async leave() {
    const attempt = { verifier: random(48), state: random(24), search: location.search };
    sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(attempt.verifier));
    this.#go("oauth2/authorize", {
      response_type: "code",
      client_id: this.config.clientId,
      redirect_uri: page(),
      scope: "openid",
      state: attempt.state,
      code_challenge: base64Url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    });
    return new Promise(() => {}); // the page is being left
  }

  signOut() {
    sessionStorage.removeItem(TOKENS);
    this.#go("logout", { client_id: this.config.clientId, logout_uri: page() });
  }

  #go(path, fields) {
    location.assign(`${this.config.signInUrl}/${path}?${new URLSearchParams(fields)}`);
  }

  async #comeBack(fields) {
    const attempt = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? "null");
    sessionStorage.removeItem(ATTEMPT);
    history.replaceState(null, "", page() + (attempt?.search ?? ""));
    if (attempt === null || fields.get("state") !== attempt.state) return; // not our answer: sign in anew
    if (fields.has("error")) {
      throw new SignInError(fields.get("error_description") ?? fields.get("error"));
    }
    const answer = await this.#ask({
      grant_type: "authorization_code",
      code: fields.get("code"),
      redirect_uri: page(),
      code_verifier: attempt.verifier,
    });
    if (answer === null) throw new SignInError("the sign-in page's answer was not taken");
    this.#keep(answer, answer.refresh_token);
  }

  async #renew(refresh) {
    const answer = await this.#ask({ grant_type: "refresh_token", refresh_token: refresh });
    if (answer === null) sessionStorage.removeItem(TOKENS);
    else this.#keep(answer, answer.refresh_token ?? refresh);
    return answer !== null;
  }

  async #ask(fields) {
    const response = await fetch(`${this.config.signInUrl}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({ ...fields, client_id: this.config.clientId }),
    });
    return response.ok ? response.json() : null;
  }

  #keep(answer, refresh) {
    const tokens = { id: answer.id_token, refresh, expires: Date.now() + answer.expires_in * 1000 };
    sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
  }
}
