/**
 * Runs of Stable-Baselines3, and settings of rl-zoo3, as runs and settings of Mobula. Files come
 * from anywhere: nothing in them is executed, and what they ask for is bounded.
 */
@NullMarked
package org.mobula.core.stablebaselines;

import org.jspecify.annotations.NullMarked;
