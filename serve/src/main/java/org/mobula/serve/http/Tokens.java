package org.mobula.serve.http;

import java.util.List;
import org.mobula.core.config.Constraints;

/**
 * Bearer tokens by scope. An admin's token also reads; without read tokens, only an admin's does.
 *
 * @param read tokens that compute but change nothing
 * @param admin tokens that load and unload too
 */
public record Tokens(List<String> read, List<String> admin) {
  private static final int MIN_LENGTH = 16;

  /** What each token must be. */
  public static final String RULE =
      "must be " + MIN_LENGTH + " or more visible ASCII characters without spaces";

  /** Checks the values. */
  public Tokens {
    read = List.copyOf(read);
    admin = List.copyOf(admin);
    Constraints.require(
        !read.isEmpty() || !admin.isEmpty(), "tokens", "[]", "must have one of some scope");
    // The value stays out of the error: it is a secret, and errors are logged.
    for (List<String> scope : List.of(read, admin)) {
      for (String token : scope) {
        Constraints.require(isToken(token), "token", "(hidden)", RULE);
      }
    }
  }

  /** Whether a text can be a token, as {@link #RULE} says. */
  public static boolean isToken(String text) {
    return text.length() >= MIN_LENGTH && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  @Override
  public String toString() {
    return "Tokens[read=" + read.size() + " hidden, admin=" + admin.size() + " hidden]";
  }
}
