/** Trained policies in the formats of other programs. */
@NullMarked
package org.mobula.core.export;

import org.jspecify.annotations.NullMarked;
