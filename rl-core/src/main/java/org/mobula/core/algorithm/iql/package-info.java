/** Implicit Q-learning, from recordings (Kostrikov et al. 2021). */
@NullMarked
package org.mobula.core.algorithm.iql;

import org.jspecify.annotations.NullMarked;
