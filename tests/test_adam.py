import pytest
import torch

from pbrl.adam import AdamSettings, adam_step, new_learner


@pytest.mark.parametrize("shape", [(7,), (3, 5)])
def test_equals_torchs(shape):
    generator = torch.Generator().manual_seed(0)
    theirs = torch.randn(shape, generator=generator, requires_grad=True)
    optimizer = torch.optim.Adam([theirs], lr=0.01, betas=(0.8, 0.95), eps=1e-5)
    adam = AdamSettings(0.8, 0.95, 1e-5)
    learner = new_learner(theirs.detach().clone())
    for correction in adam.corrections(1, 10):
        theirs.grad = torch.randn(shape, generator=generator)
        learner = adam_step(learner, theirs.grad, correction, torch.tensor(0.01), adam)
        optimizer.step()
        torch.testing.assert_close(learner.parameters, theirs.detach())


def test_corrections_go_on_where_they_stopped():
    adam = AdamSettings(0.9, 0.999, 1e-5)
    torch.testing.assert_close(adam.corrections(1, 1), torch.tensor([[0.1, 0.001]]))
    torch.testing.assert_close(adam.corrections(1, 9)[4:], adam.corrections(5, 5), rtol=0, atol=0)
