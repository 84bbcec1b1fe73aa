/**
 * Shards over sockets: a server that hosts them and a {@code ShardLink} that reaches them. The
 * protocol is written down in the module's {@code PROTOCOL.md}.
 */
@NullMarked
package org.mobula.parameterserver.wire;

import org.jspecify.annotations.NullMarked;
