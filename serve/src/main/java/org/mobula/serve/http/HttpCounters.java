package org.mobula.serve.http;

/**
 * What a server has done since its start.
 *
 * @param successes answers with a status from 200 to 399
 * @param clientErrors answers with a status from 400 to 499
 * @param serverErrors answers with a status from 500
 * @param abandoned requests whose client went away before the answer
 * @param bytesReceived decrypted, heads and bodies
 * @param bytesSent before encryption, heads and bodies
 * @param connectionsAccepted all so far
 * @param connectionsOpen now
 * @param connectionsRefused beyond the limit; not among those accepted
 */
public record HttpCounters(
    long successes,
    long clientErrors,
    long serverErrors,
    long abandoned,
    long bytesReceived,
    long bytesSent,
    long connectionsAccepted,
    long connectionsOpen,
    long connectionsRefused) {
  /** Before anything was done. */
  public static final HttpCounters NONE = new HttpCounters(0, 0, 0, 0, 0, 0, 0, 0, 0);
}
