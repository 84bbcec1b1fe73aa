/** What was lived through: rollouts, replay memories and running statistics. */
@NullMarked
package org.mobula.core.experience;

import org.jspecify.annotations.NullMarked;
