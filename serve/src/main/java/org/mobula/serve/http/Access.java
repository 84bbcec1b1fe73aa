package org.mobula.serve.http;

/** What a request needs to be let through, where a server has tokens. */
public enum Access {
  /** Anybody may, such as for a load balancer's question whether the server lives. */
  OPEN,
  /** A token of either scope. */
  READ,
  /** A token of the admin scope. */
  ADMIN;

  /** Says which access a request needs. */
  @FunctionalInterface
  public interface Rule {
    /**
     * Called in an event loop for every request: it must be quick.
     *
     * @param method such as {@code POST}; {@code GET} for {@code HEAD}
     * @param path percent-decoded, without the query
     */
    Access requiredFor(String method, String path);
  }
}
