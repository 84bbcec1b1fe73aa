/** Serving: models, their versions and replicas, and the server that answers for them. */
@NullMarked
package org.mobula.serve;

import org.jspecify.annotations.NullMarked;
