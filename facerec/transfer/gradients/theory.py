"""What the papers claim, in few words, so that a reader can hold this run against them."""

WHAT_THE_PAPER_SAYS = """\
**The degradation problem.** He et al. (2016) found that a deeper plain network has a **higher training error** than a \
shallower one, on ImageNet (plain-34 against plain-18) and on CIFAR-10 (plain-56 against plain-20). A deeper network \
could copy the shallower one and do nothing in its further layers; that training does not find this is a difficulty \
of optimisation, not overfitting.

**What they did not say.** Lectures often add: "because gradients vanish". Section 4.1 of the paper argues the \
opposite. The plain networks have batch norm, so that signals forward have non-zero variance, and the authors \
verified that the gradients backward have healthy norms. They think vanishing gradients an unlikely cause, and \
conjecture that deep plain networks converge at an exponentially low rate; the reason they leave to later work.
"""

WHAT_CAME_LATER = """\
- **Without batch norm** the size of signals and gradients depends on the initialisation, layer by layer. He's \
variance of 2 / fan-in keeps it about constant through a ReLU; PyTorch's default has a sixth of that variance, and a \
sixth, multiplied over fifty layers, is nothing. This is where gradients vanish. Adding shortcuts to such a network \
makes the variance double at each block instead.
- **Batch norm makes the gradients of plain networks explode** with depth at the start of training, towards the \
input, and shortcuts cure it (Yang et al. 2019, "A Mean Field Theory of Batch Normalization").
- **Shattered gradients.** In deep plain networks the gradients of nearby inputs have hardly anything to do with \
each other: they look like white noise, so that a step that helps one image does not help its neighbour. With \
shortcuts the correlation decays much more slowly with depth (Balduzzi et al. 2017).
"""

SOURCES = """\
- K. He, X. Zhang, S. Ren, J. Sun (2016), "Deep Residual Learning for Image Recognition", CVPR; sections 4.1 and 4.2
- K. He, X. Zhang, S. Ren, J. Sun (2015), "Delving Deep into Rectifiers", ICCV
- D. Balduzzi et al. (2017), "The Shattered Gradients Problem: If resnets are the answer, then what is the \
question?", ICML
- G. Yang et al. (2019), "A Mean Field Theory of Batch Normalization", ICLR
"""
