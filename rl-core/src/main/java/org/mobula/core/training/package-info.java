/** The training loop: stopping, evaluation, checkpoints, listeners. */
@NullMarked
package org.mobula.core.training;

import org.jspecify.annotations.NullMarked;
