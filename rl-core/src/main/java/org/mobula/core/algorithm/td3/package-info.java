/** Twin delayed deep deterministic policy gradients (Fujimoto et al. 2018), and DDPG. */
@NullMarked
package org.mobula.core.algorithm.td3;

import org.jspecify.annotations.NullMarked;
