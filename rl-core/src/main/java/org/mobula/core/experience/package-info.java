/** What was lived through: rollouts and running statistics. */
@NullMarked
package org.mobula.core.experience;

import org.jspecify.annotations.NullMarked;
