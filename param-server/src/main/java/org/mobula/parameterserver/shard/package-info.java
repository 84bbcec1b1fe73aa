/**
 * A shard: one slice of the parameters with its optimizer, as a state machine without network or
 * threads of its own, and {@link org.mobula.parameterserver.shard.ShardLink}, what can be asked of
 * it.
 */
@NullMarked
package org.mobula.parameterserver.shard;

import org.jspecify.annotations.NullMarked;
