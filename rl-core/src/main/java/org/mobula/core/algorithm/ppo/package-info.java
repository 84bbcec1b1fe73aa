/** Proximal policy optimisation (Schulman et al. 2017). */
@NullMarked
package org.mobula.core.algorithm.ppo;

import org.jspecify.annotations.NullMarked;
