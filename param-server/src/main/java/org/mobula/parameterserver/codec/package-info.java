/** How a slice of floats travels: as it is, with fewer bits, or only its largest numbers. */
@NullMarked
package org.mobula.parameterserver.codec;

import org.jspecify.annotations.NullMarked;
