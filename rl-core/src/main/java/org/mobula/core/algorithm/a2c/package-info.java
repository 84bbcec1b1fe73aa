/** Advantage actor-critic (Mnih et al. 2016), in step with its environments. */
@NullMarked
package org.mobula.core.algorithm.a2c;

import org.jspecify.annotations.NullMarked;
