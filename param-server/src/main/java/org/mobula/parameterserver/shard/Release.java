package org.mobula.parameterserver.shard;

/**
 * Lets a primary go on without a replica that it has not heard from for too long. Only the shard's
 * arbiter may, as for {@link Promote}.
 *
 * @param ruling what is decided, and by whom
 */
public record Release(Ruling ruling) {}
