/** Optimizers with PyTorch's exact semantics, schedules and gradient clipping, on flat vectors. */
@NullMarked
package org.mobula.core.optimizer;

import org.jspecify.annotations.NullMarked;
