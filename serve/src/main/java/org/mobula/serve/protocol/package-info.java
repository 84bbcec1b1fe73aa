/** The Open Inference Protocol v2 in bytes, and back. */
@NullMarked
package org.mobula.serve.protocol;

import org.jspecify.annotations.NullMarked;
