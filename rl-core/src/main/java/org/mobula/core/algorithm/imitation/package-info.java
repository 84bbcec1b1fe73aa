/** Policies that act as those did who were recorded: behaviour cloning, and MARWIL. */
@NullMarked
package org.mobula.core.algorithm.imitation;

import org.jspecify.annotations.NullMarked;
