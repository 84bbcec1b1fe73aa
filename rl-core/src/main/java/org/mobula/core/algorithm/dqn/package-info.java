/** Deep Q-networks and what became of them: double, dueling, distributional. */
@NullMarked
package org.mobula.core.algorithm.dqn;

import org.jspecify.annotations.NullMarked;
