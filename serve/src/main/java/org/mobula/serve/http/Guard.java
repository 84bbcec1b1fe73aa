package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;

/** Says who may do what, by the tokens that they bring. */
public final class Guard {
  private static final String SCHEME = "Bearer ";

  private volatile @Nullable Known known;

  /** The tokens' bytes. */
  private record Known(List<byte[]> read, List<byte[]> admin) {}

  /** What becomes of a request. */
  public enum Verdict {
    /** It may go on. */
    ADMITTED,
    /** It brings no token but needs one. */
    NO_TOKEN,
    /** Its token is none of the server's. */
    UNKNOWN_TOKEN,
    /** Its token is of the read scope, but it needs the admin scope. */
    NOT_ADMIN
  }

  /**
   * One that knows these tokens.
   *
   * @param tokens nothing to admit everybody
   */
  public Guard(@Nullable Tokens tokens) {
    known = tokens == null ? null : known(tokens);
  }

  /** From now on knows these tokens and no others. */
  public void replace(Tokens tokens) {
    known = known(tokens);
  }

  private static Known known(Tokens tokens) {
    return new Known(bytes(tokens.read()), bytes(tokens.admin()));
  }

  private static List<byte[]> bytes(List<String> tokens) {
    return tokens.stream().map(token -> token.getBytes(UTF_8)).toList();
  }

  /**
   * Whether a request may go on.
   *
   * @param authorization the header of that name, if there is one: {@code Bearer} and the token
   */
  public Verdict admit(@Nullable String authorization, Access required) {
    Known now = known;
    if (now == null || required == Access.OPEN) {
      return Verdict.ADMITTED;
    }
    if (authorization == null
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return Verdict.NO_TOKEN;
    }
    byte[] token = authorization.substring(SCHEME.length()).strip().getBytes(UTF_8);
    boolean isAdmin = contains(now.admin, token);
    boolean reads = contains(now.read, token);
    if (!isAdmin && !reads) {
      return Verdict.UNKNOWN_TOKEN;
    }
    return required == Access.ADMIN && !isAdmin ? Verdict.NOT_ADMIN : Verdict.ADMITTED;
  }

  /** Always looks at all, so that the time says nothing of which was nearly right. */
  private static boolean contains(List<byte[]> tokens, byte[] given) {
    boolean found = false;
    for (byte[] token : tokens) {
      found |= MessageDigest.isEqual(token, given);
    }
    return found;
  }

  /**
   * The address to listen at.
   *
   * @throws org.mobula.core.config.InvalidValueException if the network could reach it and there
   *     are no tokens
   * @throws IOException if there is no such host
   */
  public static InetAddress listeningAddress(String host, @Nullable Tokens tokens)
      throws IOException {
    InetAddress address = InetAddress.getByName(host);
    Constraints.require(
        tokens != null || address.isLoopbackAddress(),
        "host",
        host,
        "must be a loopback address where there are no tokens: else everybody on the network may"
            + " load models; give tokens");
    return address;
  }
}
