/** Networks on Deep Java Library's PyTorch engine. */
@NullMarked
package org.mobula.core.network.djl;

import org.jspecify.annotations.NullMarked;
