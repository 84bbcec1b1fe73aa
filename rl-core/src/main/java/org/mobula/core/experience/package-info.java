/** What was experienced: rollouts, replay memories and the running statistics that scale them. */
@NullMarked
package org.mobula.core.experience;

import org.jspecify.annotations.NullMarked;
