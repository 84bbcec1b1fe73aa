/** Parallelised Q-network: values from many environments at once, without a replay memory. */
@NullMarked
package org.mobula.core.algorithm.pqn;

import org.jspecify.annotations.NullMarked;
