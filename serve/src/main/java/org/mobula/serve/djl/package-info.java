/** Models that DJL computes. Of no other package here DJL is known. */
@NullMarked
package org.mobula.serve.djl;

import org.jspecify.annotations.NullMarked;
