/** Soft actor-critic (Haarnoja et al. 2018), for boxes and for discrete actions. */
@NullMarked
package org.mobula.core.algorithm.sac;

import org.jspecify.annotations.NullMarked;
