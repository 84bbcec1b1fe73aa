/**
 * The sharded parameter server: its settings, its shards and learners as actors or processes, and
 * the store through which a worker uses it.
 */
@NullMarked
package org.mobula.parameterserver;

import org.jspecify.annotations.NullMarked;
