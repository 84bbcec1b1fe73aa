/** The arithmetic of a shard on whole vectors, on the processor or on an NVIDIA GPU. */
@NullMarked
package org.mobula.parameterserver.gpu;

import org.jspecify.annotations.NullMarked;
