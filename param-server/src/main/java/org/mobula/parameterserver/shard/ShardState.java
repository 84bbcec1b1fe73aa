package org.mobula.parameterserver.shard;

import java.io.Serializable;
import org.mobula.core.parameters.StoreState;

/**
 * A shard's slice, for a checkpoint.
 *
 * @param epoch of the shard
 * @param from first place of the slice in the flat vector
 * @param slice its parameters, version, optimizer steps and moments; copies
 */
public record ShardState(long epoch, int from, StoreState slice) implements Serializable {}
