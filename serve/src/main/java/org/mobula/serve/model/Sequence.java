package org.mobula.serve.model;

import org.jspecify.annotations.Nullable;

/**
 * Where a request stands in a session, whose requests are computed one after the other.
 *
 * @param id names the session
 * @param start whether it begins with this request; null if so where it is not known
 * @param end whether it is forgotten after this request
 */
public record Sequence(String id, @Nullable Boolean start, boolean end) {}
