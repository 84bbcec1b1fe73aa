/** Rollout-worker actors that collect experience in parallel. */
@NullMarked
package org.mobula.rollout;

import org.jspecify.annotations.NullMarked;
