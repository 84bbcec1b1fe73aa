/** Requests put together into batches, and taken apart again. */
@NullMarked
package org.mobula.serve.batch;

import org.jspecify.annotations.NullMarked;
