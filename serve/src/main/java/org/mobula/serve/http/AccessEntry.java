package org.mobula.serve.http;

import java.net.SocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One answered request, for the access log.
 *
 * @param client who asked; null where a gRPC call asked for nothing that there is
 * @param method such as {@code POST}; {@code gRPC} for a call; a dash where the request was not
 *     understood
 * @param path percent-decoded, without the query, or the call's full name; empty where the request
 *     was not understood
 * @param traceParent the header that places the request in a trace; empty where it has none
 * @param status of the answer: {@code 404}, or a gRPC code such as {@code NOT_FOUND}
 * @param requestBytes of the body, or of the call's messages, as received
 * @param answerBytes of the answer with its head, or of the call's messages
 * @param nanos from the request's first byte to the writing of the answer
 */
public record AccessEntry(
    @Nullable SocketAddress client,
    String method,
    String path,
    String traceParent,
    String status,
    long requestBytes,
    long answerBytes,
    long nanos) {

  /** Writes each entry to the logger {@code org.mobula.serve.access} at level info. */
  public static Consumer<AccessEntry> toSlf4j() {
    Logger log = LoggerFactory.getLogger("org.mobula.serve.access");
    return entry ->
        log.info(
            "{} \"{} {}\" {} {} {} {}µs {}",
            entry.client == null ? "-" : entry.client,
            entry.method,
            visible(entry.path),
            entry.status,
            entry.requestBytes,
            entry.answerBytes,
            entry.nanos / 1000,
            entry.traceParent.isEmpty() ? "-" : visible(entry.traceParent));
  }

  /** A decoded path may hold line breaks, with which a client could forge lines of the log. */
  private static String visible(String text) {
    return text.chars().anyMatch(Character::isISOControl)
        ? text.replaceAll("\\p{Cntrl}", "?")
        : text;
  }
}
