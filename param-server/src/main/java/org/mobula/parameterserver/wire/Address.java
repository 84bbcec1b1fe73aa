package org.mobula.parameterserver.wire;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** Where a server listens: {@code host:port}, or {@code unix:/path} on one machine. */
public sealed interface Address extends Serializable {
  /**
   * A TCP port.
   *
   * @param host a name or a number; an IPv6 number without its brackets
   * @param port from 0 to 65535; a server that binds to 0 is given a free one
   */
  record Tcp(String host, int port) implements Address {
    /** Checks the port. */
    public Tcp {
      if (host.isEmpty()) {
        throw new IllegalArgumentException("host is empty but must be a name or a number");
      }
      if (port < 0 || port > 0xffff) {
        throw new IllegalArgumentException("port is " + port + " but must be from 0 to 65535");
      }
    }

    @Override
    public String toString() {
      return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }
  }

  /**
   * A socket in the file system, which only processes of this machine reach.
   *
   * @param path of the socket; a server removes what is left there of a former one
   */
  record Unix(String path) implements Address {
    /** Checks the path. */
    public Unix {
      if (path.isEmpty()) {
        throw new IllegalArgumentException("path is empty but must be a file's: unix:/run/shard-0");
      }
    }

    @Override
    public String toString() {
      return UNIX + path;
    }
  }

  /** Goes before a path. */
  String UNIX = "unix:";

  /** Reads {@code host:port}, {@code [::1]:port} or {@code unix:/path}. */
  static Address parse(String text) {
    if (text.startsWith(UNIX)) {
      return new Unix(text.substring(UNIX.length()));
    }
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw unreadable(text, null);
    }
    try {
      return new Tcp(host, Integer.parseInt(text.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw unreadable(text, e);
    }
  }

  private static IllegalArgumentException unreadable(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        ("address is '%s' but must be host:port (127.0.0.1:7171, [::1]:7171) or unix: and a path"
                + " (unix:/run/shard-0)")
            .formatted(text),
        cause);
  }
}
